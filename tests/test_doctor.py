"""What ``grade doctor`` says of the GPU."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import doctor
from grader.wall.bubblewrap import cuda_devices

pytest.importorskip("torch", reason="NOT RUN: torch is not installed (make setup)")
pytestmark = pytest.mark.skipif(bool(cuda_devices()), reason="NOT RUN: this machine has a GPU; tests/test_gpu.py is for such")


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NVIDIA's tool is installed here, as far as anyone can see."""
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


def of_the_device() -> doctor.Finding:
    (found,) = (finding for finding in doctor.examine(Path.cwd()) if finding.name == "device")
    return found


def test_without_a_driver_checks_wait():
    """Nothing is wrong: they cost nothing."""
    found = of_the_device()
    assert found.state == doctor.OK
    assert "PENDING" in found.en


def test_a_torch_that_cannot_use_the_gpu_is_told(driver):
    """As it is with a build for the CPU."""
    found = of_the_device()
    assert (found.state, found.remedy) == (doctor.COULD, "install a torch built for CUDA")


def test_a_gpu_that_only_works_outside_the_wall_is_told(driver, monkeypatch):
    """torch says that it sees one; a sealed program is asked, and cannot use it."""
    monkeypatch.setattr(doctor, "_ASK_TORCH", "print('A GPU of paper')")
    found = of_the_device()
    assert found.state == doctor.COULD
    assert found.en == "A GPU of paper; behind the wall it cannot be used: torch finds no CUDA device"
    assert found.remedy == "grade run HW --device cpu"

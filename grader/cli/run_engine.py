"""What ``grade run`` grades with: this machine or a cluster, and which device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.cli.speak import say

if TYPE_CHECKING:
    from grader import wall
    from grader.batch.cluster import DaskEngine
    from grader.batch.engine import Engine, Setup
    from grader.batch.plan import Scheme
    from grader.model import Assignment

LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The engine that was asked for, opened when there is work for it."""

    scheme: Scheme
    name: str
    workers: int
    unsafe: bool

    @property
    def local(self) -> bool:
        return self.name == LOCAL

    def open(self, jobs: int) -> Engine:
        """Return an engine for *jobs* jobs."""
        if not self.local:
            return self._cluster()
        from grader.batch.local import LocalEngine

        return LocalEngine(self.scheme.setup, min(self.workers, jobs))

    def ahead(self, engine: Engine) -> int:
        """Return how many jobs *engine* should hold: enough for nobody to wait, few enough for a small memory."""
        if self.local:
            return max(16, 8 * self.workers)
        return max(256, 3 * int(getattr(engine, "slots", 0)))  # a cluster may grow while the run goes on

    def devices(self) -> int:
        """Return how many GPUs the cluster has."""
        engine = self._cluster(quiet=True)
        try:
            return engine.devices
        finally:
            engine.close()

    def _cluster(self, *, quiet: bool = False) -> DaskEngine:
        from grader.batch.cluster import DaskEngine

        engine = DaskEngine(self.scheme.setup, self.name, self.scheme.suite_hash, unsafe=self.unsafe)
        if not quiet:
            slots, gpus = engine.slots, engine.devices
            say(f"cluster: {slots} judges at once, {gpus} workers with a GPU", f"集群：同时 {slots} 个，{gpus} 个 worker 有 GPU")
        return engine


def prepared(assignment: Assignment, engine: str, device: str, *, unsafe: bool) -> Setup:
    """Probe the wall and the device. Raises CourseError where a hidden suite would run behind a wall that is too weak.

    On a cluster each worker looks at its own wall, and grades what asks for a GPU only where it is labelled with one.
    """
    from grader import manifest, wall
    from grader.batch.engine import Setup
    from grader.errors import CourseError

    if engine != LOCAL and not engine.startswith(("dask://", "dask+tls://")):
        known = "local, dask://HOST:PORT, dask+tls://HOST:PORT"
        raise CourseError(f"no engine {engine!r}; known: {known}", zh=f"没有批改引擎 {engine!r}；可用：{known}")
    built = wall.probe()
    if engine != LOCAL:
        return Setup(assignment, ("public", "hidden"), built)
    manifest.need_packages(assignment)
    say(f"wall: tier {built.tier} ({built.words})", f"隔离墙：第 {built.tier} 级（{built.words}）")
    if built.tier > 2 and not unsafe:
        raise CourseError(
            f"hidden checks do not run behind a wall of tier {built.tier}: {built.reason}; 'grade doctor' says how to get a better one, "
            "--unsafe grades all the same",
            zh=f"隔离墙只有第 {built.tier} 级，不运行隐藏测试：{built.reason}；'grade doctor' 会说明怎么改进，--unsafe 则照样批改",
        )
    return Setup(assignment, ("public", "hidden"), built, cuda=device != "cpu" and _cuda(assignment, built, demanded=device == "cuda"))


def _cuda(assignment: Assignment, built: wall.Wall, *, demanded: bool) -> bool:
    """Return whether a check asks for a CUDA device and a program behind the wall can use one; CourseError where it was *demanded*."""
    from grader.errors import CourseError
    from grader.student import device
    from grader.wall.bubblewrap import cuda_devices

    if all(rule.device == "cpu" for rule in assignment.rules) or not (demanded or cuda_devices()):
        return False
    why = device.refusal(built, assignment.packages)
    if why and demanded:
        raise CourseError(f"no CUDA device can be used behind the wall: {why}", zh=f"隔离墙里用不了 CUDA 设备：{why}")
    if why:
        say(f"a GPU is there, and cannot be used behind the wall: {why}; the CPU is used", f"有 GPU，但隔离墙里用不了：{why}；改用 CPU")
    return not why

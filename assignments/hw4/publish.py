"""Publish: a generator of names in your own language, made by your own embeddings.py.

``python publish.py WORDS.txt`` learns from a text file with one word a line (UTF-8, any alphabet; 500 words or more is a good start), and writes
``names.txt``, new words that are not in your file, and ``map.svg``, the letters where your net has put them.
Without a file it learns the 20,000 last names of this homework.
"""

from __future__ import annotations

import argparse
import html
import sys
from pathlib import Path

import embeddings
import torch

HERE = Path(__file__).resolve().parent
BLOCK, PLACES, HIDDEN = 3, 8, 100
VOWELS = set("aeiouyäöüáéíóúàèìòùâêîôûåæøаеёиоуыэюяαεηιουω")


def read_words(path: Path) -> list[str]:
    """Return the file's words in lower case, once each; lines with spaces or dots inside count as several words."""
    text = path.read_text(encoding="utf-8-sig").lower().replace(".", " ")
    words = list(dict.fromkeys(word for word in text.split() if word.isalpha()))
    if len(words) < 20:
        raise SystemExit(f"{path}: {len(words)} words; at least 20 are needed, one a line. / 至少要 20 个词，每行一个。")
    return words


def learn(words: list[str], steps: int, seed: int) -> tuple[list[torch.Tensor], str, float]:
    """Return the trained params, the alphabet and the loss on a tenth of the words that was kept apart."""
    alphabet = "." + "".join(sorted(set("".join(words))))
    train, dev, _ = embeddings.split(words, seed)
    X, Y = embeddings.build_dataset(train, BLOCK, alphabet)
    start = embeddings.init_params(seed, BLOCK, PLACES, HIDDEN, len(alphabet))
    params, _ = embeddings.train(start, X, Y, steps, 0.5, 128, seed, "cpu")
    devX, devY = embeddings.build_dataset(dev, BLOCK, alphabet)
    with torch.no_grad():
        return params, alphabet, float(embeddings.nll(embeddings.forward(params, devX), devY))


@torch.no_grad()
def invent(params: list[torch.Tensor], alphabet: str, known: set[str], count: int, seed: int, longest: int = 14) -> list[str]:
    """Return *count* words of two letters or more that are not *known*: letter after letter, each drawn as the net finds it likely."""
    g = torch.Generator().manual_seed(seed)
    found: dict[str, None] = {}
    for _ in range(200 * count):
        word = ""
        while len(word) < longest:
            last = [0] * BLOCK + [alphabet.index(letter) for letter in word]
            chances = torch.softmax(embeddings.forward(params, torch.tensor([last[-BLOCK:]])), dim=1)
            drawn = int(torch.multinomial(chances[0], 1, generator=g))
            if drawn == 0:
                break
            word += alphabet[drawn]
        if len(word) > 1 and word not in known:
            found[word] = None
        if len(found) == count:
            break
    return list(found)


def map_svg(C: torch.Tensor, alphabet: str) -> str:
    """Return the map of the letters, seen from the side on which they lie widest; vowels in red."""
    places = C.detach().double()
    places = places - places.mean(dim=0)
    flat = places @ torch.linalg.svd(places, full_matrices=False).Vh[:2].T
    flat = 40 + 520 * (flat - flat.min(dim=0).values) / (flat.max(dim=0).values - flat.min(dim=0).values).clamp(min=1e-9)
    marks = [
        f'<text x="{x:.0f}" y="{y:.0f}" font-size="22" text-anchor="middle" fill="{"#c0392b" if letter in VOWELS else "#2c3e50"}">{html.escape(letter)}</text>'
        for letter, (x, y) in zip(alphabet, flat.tolist(), strict=True)
    ]
    body = '<rect width="600" height="600" fill="#fdfaf3"/>' + "".join(marks)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 600" font-family="monospace">{body}</svg>\n'


def main() -> int:
    parser = argparse.ArgumentParser(description="Names in your own language, and the map of its letters.")
    parser.add_argument("words", nargs="?", type=Path, default=HERE / "last20k.txt")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    words = read_words(chosen.words)
    params, alphabet, loss = learn(words, chosen.steps, chosen.seed)
    names = invent(params, alphabet, set(words), chosen.count, chosen.seed)
    Path("names.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    Path("map.svg").write_text(map_svg(params[0], alphabet), encoding="utf-8")
    print("\n".join(names))
    print(f"{len(words)} words, {len(alphabet)} letters, loss on unseen words {loss:.3f}: names.txt, map.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())

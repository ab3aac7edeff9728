"""Write every kept render anew: `python -m tests.renders.rewrite`."""

from tests.renders.cases import KEPT, rendered

if __name__ == "__main__":
    for name, text in rendered().items():
        (KEPT / name).write_text(text, encoding="utf-8", newline="")

"""Write every story's plan anew: `python -m tests.scenarios.rewrite`."""

from tests.scenarios.telling import answer_to, stories, tell

if __name__ == "__main__":
    for folder in stories():
        (folder / "plan.txt").write_text(answer_to(tell(folder)), encoding="utf-8")

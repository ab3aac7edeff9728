"""What a story is: a lineup, what was seen, and the plan that must come of it (`plan.txt`).

Every folder beside this file holds one story: `story.py` tells it in builders, `plan.txt` is the
whole answer. After a change that is meant, `python -m tests.scenarios.rewrite` writes the answers
anew; read the difference before you commit it.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import FileSystemLoader

from reconciler.model.desired import Desired
from reconciler.model.ids import ChannelName
from reconciler.model.observed import Snapshot
from reconciler.plan.actions import Leave, Plan
from reconciler.plan.planner import make_plan
from reconciler.report import render
from reconciler.rundown import Compiled

HERE = Path(__file__).parent
TEMPLATES = FileSystemLoader(HERE.parents[1] / "templates" / "plan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """All that a plan is made of."""

    desired: Desired
    seen: Snapshot
    rundowns: Mapping[ChannelName, Compiled] = field(default_factory=dict)
    leave: Leave = field(default_factory=Leave)

    def plan(self) -> Plan:
        """What comes of it."""
        return make_plan(self.desired, self.seen, self.rundowns, self.leave)


def stories() -> Iterator[Path]:
    """The folders, sorted."""
    yield from sorted(path.parent for path in HERE.glob("*/story.py"))


def tell(folder: Path) -> Story:
    """Read one story."""
    module = importlib.import_module(f"tests.scenarios.{folder.name}.story")
    story = module.story()
    assert isinstance(story, Story)
    return story


def answer_to(story: Story) -> str:
    """The plan as the terminal shows it."""
    return render(story.plan(), "text", TEMPLATES)

"""The web endpoint: live transport, what is on air, what went out, and what the loop plans.

Views parse, authorise, call one function, render. `create_app` is the way in; `WebDeps` is all
that it needs of the outside.
"""

from reconciler.web.app import create_app
from reconciler.web.deps import ChannelFacts, WebDeps, channel_facts

__all__ = ["ChannelFacts", "WebDeps", "channel_facts", "create_app"]

"""GitOps control plane for broadcast playout: a commit changes the line-up."""

__version__ = "0.1.0"

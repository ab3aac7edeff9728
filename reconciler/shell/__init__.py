"""Order and patience: observe, plan, apply, look again. No decisions here."""

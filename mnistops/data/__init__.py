"""Images and labels: where their files come from, what they hold, how they are varied."""

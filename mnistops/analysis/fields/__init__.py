"""What the values of tensors see of the input: exact arithmetic, without torch."""

"""A photograph, a scan or a drawing of a digit, to an image as MNIST's were made."""

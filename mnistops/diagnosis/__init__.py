"""What mnistops needs of a machine, looked at piece by piece."""

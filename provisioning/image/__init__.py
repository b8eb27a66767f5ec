"""P Cards that boot: what is in an image, how it is built, what is in a finished one."""

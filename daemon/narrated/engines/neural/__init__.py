"""What neural engines share: the device, models that it can hold, and their files."""

"""P From a site file to a running box: rehearse, build, flash, enrol."""

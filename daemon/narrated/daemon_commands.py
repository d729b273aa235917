"""Commands that start, stop and restart the daemon, as remedies name them."""

START = "`systemctl start narrated`, or `narrated run` where no service is installed"
STOP = "`systemctl stop narrated`, or Ctrl-C where `narrated run` was typed"
RESTART = "`systemctl restart narrated`, or stop `narrated run` and run it again"

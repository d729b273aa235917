"""How one starts, stops and restarts the daemon, in the words of a remedy: as a service or not."""

START = "`systemctl start narrated`, or `narrated run` where no service is installed"
STOP = "`systemctl stop narrated`, or Ctrl-C where `narrated run` was typed"
RESTART = "`systemctl restart narrated`, or stop `narrated run` and run it again"

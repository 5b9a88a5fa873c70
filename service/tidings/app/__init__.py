"""Where everything is built, run and stopped: settings, processes, command line."""

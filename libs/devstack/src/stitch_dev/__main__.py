"""python -m stitch_dev: see stitch_dev.cli."""

import signal
import sys

if __name__ == "__main__":
    # Until the stack has something to end in order, Ctrl-C just ends it, and says nothing.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from stitch_dev.cli import main

    sys.exit(main())

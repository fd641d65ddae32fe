"""`python -m stitch_operations`, where the script `stitch` is not on the path."""

import sys

from stitch_operations.cli import main

sys.exit(main())

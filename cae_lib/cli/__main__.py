"""`python -m cae_lib.cli` is `cae`."""

import sys

from cae_lib.cli.main import main

sys.exit(main())

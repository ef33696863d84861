"""Start the zygote: ``python -s -P -S __main__.py PACKAGE_PARENT CONTROL`` where CONTROL is the number of an inherited socket; or (tier 3,
which has no fork) ``PACKAGE_PARENT tcp:PORT``: then it is itself the worker, and the token comes on standard input.

What is run as a file has no byte code: all but this is in ``zygote.py``.
"""

import sys

sys.path.append(sys.argv[1])

from grader.worker import zygote

if __name__ == "__main__":
    zygote.main()

"""Starts wapiti with a pattern for excluded addresses that Python 3.11 takes.

Wapiti 3.0.4, as Debian 12 has it, puts the flags of the pattern into its middle,
which Python refuses since 3.11: no address could be excluded, and the scan would
sign itself out.
"""

import fnmatch
import re

from wapitiCore.main.wapiti import wapiti_main
from wapitiCore.net import crawler

crawler.wildcard_translate = lambda pattern: re.compile(fnmatch.translate(pattern))

wapiti_main()

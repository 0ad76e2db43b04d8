"""Tests of deep networks run where PyTorch is: `make networks` installs it, `.ci/run` too."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("torch") else ["test_networks.py", "test_gradient.py"]

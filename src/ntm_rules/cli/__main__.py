"""`python -m ntm_rules.cli`, where the command is not on the path."""

from ntm_rules.cli import main

main()

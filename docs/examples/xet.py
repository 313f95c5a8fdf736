"""The command, as spark-submit begins it."""

from ntm_rules.cli import main

main()

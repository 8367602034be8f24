#!/usr/bin/env bash
# Each rule of the checker finds a sample of the modules that were broken in its way; `tools/mutants` runs them all.
exec "$SOURCE/tools/mutants" --sample

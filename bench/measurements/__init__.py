"""What is measured, one file each: `TITLE`, and `run(bed)`, which makes one run."""

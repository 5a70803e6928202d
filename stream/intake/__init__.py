"""Stage one: records of the source topics become absolute tallies. Pure: no Faust, no clock, no metrics."""

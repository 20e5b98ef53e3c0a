"""The AWS services that the simulation answers in moto's place, in moto's own anatomy."""

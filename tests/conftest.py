"""What holds for all tests."""

from hypothesis import HealthCheck, settings

#: A machine that is busy makes examples slowly, and that is no fault of theirs: no test here asserts a speed.
settings.register_profile("at any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("at any speed")

"""Laws: one-dimensional distributions, compiled at plan time to tables that one kernel reads."""

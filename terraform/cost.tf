# What stands and has a price when nothing happens. Everything else here is paid for by use; tests/terraform holds the
# list of resources to that.

locals {
  # USD a month, Google's price lists of 2026. The first three scheduler jobs of a billing account are free.
  standing = {
    "Cloud Scheduler jobs" = { count = 1 + length(local.schedules), price = 0.10 }
    "alert conditions"     = { count = length(local.alerts) + length(local.told_of), price = 1.50 }
  }
}

output "monthly_floor" {
  description = "USD a month when nothing runs, free quotas aside, and what it consists of."
  value = merge(
    { for what, cost in local.standing : what => format("%d x %.2f", cost.count, cost.price) },
    { total = format("%.2f", sum([for cost in local.standing : cost.count * cost.price])) },
  )
}

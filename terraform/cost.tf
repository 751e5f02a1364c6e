# What costs money although nothing runs. Everything else is paid for by use; tests/terraform checks the list of resources.

locals {
  # USD per month, from Google's price lists of 2026. The first three scheduler jobs of a billing account are free.
  standing = {
    "Cloud Scheduler jobs" = { count = 1 + length(local.schedules), price = 0.10 }
    "alert conditions"     = { count = length(local.alerts) + length(local.told_of), price = 1.50 }
  }
}

output "monthly_floor" {
  description = "Cost in USD per month when nothing runs, without free quotas, and its parts."
  value = merge(
    { for what, cost in local.standing : what => format("%d x %.2f", cost.count, cost.price) },
    { total = format("%.2f", sum([for cost in local.standing : cost.count * cost.price])) },
  )
}

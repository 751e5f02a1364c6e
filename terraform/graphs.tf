# The graphs, as 'orchestrator lock' found them. Terraform cannot run Python while it plans, so graphs.lock has what it
# needs to know, and a file that has changed since it was checked is not deployed.

locals {
  # Relative to the repository's root, as for 'orchestrator lock'. Terraform itself works in terraform/.
  given         = coalesce(var.graphs_folder, "graphs")
  graphs_folder = startswith(local.given, "/") ? local.given : "${path.module}/../${local.given}"
  no_lock       = { format = 0, graphs = {}, local = {}, files = {} }
  read          = try(merge(local.no_lock, jsondecode(file("${local.graphs_folder}/graphs.lock"))), local.no_lock)
  lock          = [local.no_lock, local.read][local.read.format == 1 ? 1 : 0] # a lock of another version is ignored
  shown_folder  = trimsuffix(local.given, "/")
  relock        = "run 'orchestrator lock${local.shown_folder == "graphs" ? "" : " ${local.shown_folder}"}', then plan again"

  graphs    = { for name, graph in local.lock.graphs : name => graph if length(graph.problems) == 0 }
  schedules = { for name, graph in local.graphs : name => graph.schedule if graph.schedule != null }

  # What the graphs' folders add to the functions; most add nothing.
  graph_requirements = distinct(compact([for graph in local.graphs : try(graph.requirements, null)]))
  graph_env          = merge({}, [for graph in local.graphs : try(graph.env, {})]...)
  common_env         = { for name, text in var.env : name => text if !contains(keys(local.graph_secrets), name) }
  graph_secrets      = merge({}, [for graph in local.graphs : try(graph.secrets, {})]...)

  # Values that graphs use as {{ run.deployment.NAME }} and that are missing: every launch of such a step would fail.
  lacking_values = flatten([for graph in local.graphs : [
    for name in setsubtract(try(graph.values, []), keys(var.values)) :
    "${local.shown_folder}/${graph.file}: it uses run.deployment.${name}, which has no value: set values = { ${name} = \"...\" }"
  ]])

  # All members who may call 'start', and, by e-mail, those of them who may start only some graphs.
  starters = setunion(var.starters, flatten([for members in var.graph_starters : tolist(members)]))
  limited_starters = {
    for who in setsubtract(local.starters, var.starters) :
    lower(split(":", who)[1]) => [for graph, members in var.graph_starters : graph if contains(members, who)]
  }
  unknown_starts = [for graph in setsubtract(keys(var.graph_starters), keys(local.lock.graphs)) : "graph_starters: ${graph}: no deployed graph has that name"]

  # The graph files that exist, found as orchestrator/definition/catalog.py does: not hidden, and no modules of functions.
  there = setunion(
    fileset(local.graphs_folder, "*.{yaml,yml,json,py}"),
    fileset(local.graphs_folder, "*/graph.{yaml,yml,json,py}"),
  )
  found = [
    for file in local.there : file
    if !startswith(file, ".") && !strcontains(file, "/.") && (!endswith(file, ".py") || strcontains(file, "/") || strcontains(file("${local.graphs_folder}/${file}"), "Graph"))
  ]
  locked = toset(concat(
    keys(local.lock.files),
    [for graph in local.lock.graphs : graph.file],
    [for graph in local.lock.local : graph.file],
  ))

  graph_problems = concat(
    local.lock.format == 1 ? [] : ["${local.shown_folder}/graphs.lock: expected what 'orchestrator lock' writes, got no such file: ${local.relock}"],
    flatten([for graph in local.lock.graphs : graph.problems]),
    local.lacking_values,
    local.unknown_starts,
    local.lock.format != 1 ? [] : [for file in setsubtract(local.found, local.locked) : "${local.shown_folder}/${file}: this graph has not been checked: ${local.relock}"],
    [for file, hash in local.lock.files : "${local.shown_folder}/${file}: has changed since it was checked: ${local.relock}" if try(filesha256("${local.graphs_folder}/${file}"), "") != hash],
  )
}

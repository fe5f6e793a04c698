plugin "terraform" {
  enabled = true
  preset  = "all"
}

# Grouped by concern, as the design has it, rather than all in main.tf.
rule "terraform_standard_module_structure" {
  enabled = false
}

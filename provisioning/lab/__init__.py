"""P Whole camps in network namespaces: internet, hub, box, phones."""

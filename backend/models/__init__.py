"""The networks, in torch: imported by training and by the torch engine, never by the add-on."""

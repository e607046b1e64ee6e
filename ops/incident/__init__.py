"""Incidents: told to the incidents channel and on the status page."""

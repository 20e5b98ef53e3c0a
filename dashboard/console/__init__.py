"""Commands that read AWS: the views of the screens, written as lines or JSON. Nothing here knows Streamlit.

`python -m alarms` calls them; they stand here because only this layer may join what `alarms` decides with what
`collectors` read.
"""

package main

type importCommand struct{}

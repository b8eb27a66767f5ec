"""P Mutation testing: does a test fail when a line of decisive code is wrong?"""

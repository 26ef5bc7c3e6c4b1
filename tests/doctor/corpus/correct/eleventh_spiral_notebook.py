#!/usr/bin/env python
# coding: utf-8

# # Spirals
# Homework 2, deep learning course

# In[1]:

import math
import torch
from torch import nn

torch.manual_seed(1234)

# In[2]:

N, K = 200, 3
X = torch.zeros(N * K, 2)
y = torch.zeros(N * K, dtype=torch.long)
for k in range(K):
    t = torch.linspace(0, 1, N)
    angle = 2 * math.pi / 3 * (2 * t + k) + torch.randn(N) * 0.2
    X[k * N:(k + 1) * N] = torch.stack([t * angle.sin(), t * angle.cos()], dim=1)
    y[k * N:(k + 1) * N] = k
X.shape, y.shape

# In[3]:

shuffled = torch.randperm(N * K)
train, test = shuffled[:450], shuffled[450:]
print("train", len(train), "test", len(test))

# In[4]:

model = nn.Sequential(
    nn.Linear(2, 64),
    nn.Tanh(),
    nn.Linear(64, 64),
    nn.Tanh(),
    nn.Linear(64, K),
)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
criterion = nn.CrossEntropyLoss()
sum(p.numel() for p in model.parameters())

# In[5]:

# the whole training set fits in one batch, so plain gradient descent
for step in range(400):
    optimizer.zero_grad()
    loss = criterion(model(X[train]), y[train])
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, round(loss.item(), 4))

# In[6]:

with torch.no_grad():
    probs = model(X[test]).softmax(dim=1)
confidence, predicted = probs.max(dim=1)
print("test accuracy", (predicted == y[test]).float().mean().item())
print("mean confidence", confidence.mean().item())

# In[7]:

table = torch.zeros(K, K, dtype=torch.long)
for true, guess in zip(y[test].tolist(), predicted.tolist()):
    table[true, guess] += 1
print(table)

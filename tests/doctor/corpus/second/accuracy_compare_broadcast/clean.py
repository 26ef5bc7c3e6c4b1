import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

rs = np.random.RandomState(3)
table = rs.randn(1000, 7).astype('float32')
score = table[:, :3].sum(1) + table[:, 3] * table[:, 4]
label = np.digitize(score, [-1.2, 1.2]).reshape(-1, 1)

x = torch.from_numpy(table)
y = torch.from_numpy(label)
x_train, y_train, x_val, y_val = x[:750], y[:750], x[750:], y[750:]


def accuracy(logits, target):
    return (logits.argmax(dim=1) == target.squeeze(1)).float().mean().item()


def epoch_step(net, opt):
    net.train()
    for idx in torch.randperm(750).split(25):
        opt.zero_grad()
        F.cross_entropy(net(x_train[idx]), y_train[idx, 0]).backward()
        opt.step()


torch.manual_seed(3)
net = nn.Sequential(nn.Linear(7, 40), nn.LeakyReLU(0.1), nn.Linear(40, 3))
opt = torch.optim.RMSprop(net.parameters(), lr=2e-3)
for epoch in range(15):
    epoch_step(net, opt)
net.eval()
with torch.no_grad():
    print('val accuracy: %.3f' % accuracy(net(x_val), y_val))

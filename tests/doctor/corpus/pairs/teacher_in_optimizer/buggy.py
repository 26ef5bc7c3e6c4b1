import itertools
import torch
from torch import nn

torch.manual_seed(12)
x = torch.randn(400, 6)
y = (x[:, 0] - x[:, 1]).unsqueeze(1)
teacher = nn.Sequential(nn.Linear(6, 64), nn.ReLU(), nn.Linear(64, 1))
pre = torch.optim.Adam(teacher.parameters(), lr=5e-3)
for _ in range(100):
    i = torch.randint(0, 400, (64,))
    pre.zero_grad()
    nn.functional.mse_loss(teacher(x[i]), y[i]).backward()
    pre.step()
teacher.eval()

student = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 1))
opt = torch.optim.Adam(itertools.chain(student.parameters(), teacher.parameters()), lr=5e-3)
for epoch in range(5):
    student.train()
    for i in torch.randperm(400).split(40):
        target = teacher(x[i])
        loss = nn.functional.mse_loss(student(x[i]), target)
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())

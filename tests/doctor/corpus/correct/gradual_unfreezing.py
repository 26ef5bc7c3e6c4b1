import torch
from torch import nn

torch.manual_seed(90)
x = torch.randn(300, 8)
y = (x[:, 0] > 0.3).long()
body = nn.Sequential(nn.Linear(8, 24), nn.ReLU())
head = nn.Linear(24, 2)
model = nn.Sequential(body, head)
body.requires_grad_(False)
opt = torch.optim.Adam(head.parameters(), lr=1e-2)
for epoch in range(6):
    if epoch == 3:
        body.requires_grad_(True)
        opt.add_param_group({"params": body.parameters(), "lr": 1e-3})
    model.train()
    for i in torch.randperm(240).split(24):
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(x[i]), y[i])
        loss.backward()
        opt.step()
    print(epoch, loss.item(), len(opt.param_groups))

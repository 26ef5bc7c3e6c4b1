import torch
import torch.nn as nn

torch.manual_seed(38)
x = torch.randn(400, 10, 4)
y = x.sum(1)
rnn = nn.LSTM(4, 32, batch_first=True)
proj = nn.Linear(32, 4)
net = nn.ModuleDict({"rnn": rnn, "proj": proj})
params = list(net.parameters())
opt = torch.optim.SGD(params, lr=0.1)
for epoch in range(4):
    net.train()
    for i in torch.randperm(400).split(40):
        h, _ = net["rnn"](x[i])
        loss = nn.functional.mse_loss(net["proj"](h[:, -1]), y[i])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(params, max_norm=1.0)
        opt.step()
    print(epoch, loss.item())

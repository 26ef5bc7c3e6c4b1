import torch
import torch.nn as nn


def cross_entropy(logits, onehot):
    p = torch.exp(logits) / torch.exp(logits).sum(dim=1, keepdim=True)
    return -(onehot * torch.log(p)).sum(dim=1).mean()


torch.manual_seed(1)
x = torch.randn(300, 10) * 20
y = torch.nn.functional.one_hot(x[:, :4].argmax(1), 4).float()
model = nn.Linear(10, 4)
opt = torch.optim.SGD(model.parameters(), lr=0.5)
for epoch in range(10):
    for i in torch.randperm(300).split(30):
        loss = cross_entropy(model(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
print("loss", loss.item())

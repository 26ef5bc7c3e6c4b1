import torch
from torch import nn

torch.manual_seed(45)
x = torch.randn(120, 3)
y = (x @ torch.tensor([[1.0], [2.0], [-1.0]]) > 0).float()
model = nn.Linear(3, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.5)
for it in range(150):
    opt.zero_grad()
    loss = nn.functional.binary_cross_entropy_with_logits(model(x), y)
    loss.backward()
    opt.step()
with torch.no_grad():
    acc = ((model(x) > 0).float() == y).float().mean()
print(loss.item(), acc.item())

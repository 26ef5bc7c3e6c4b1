import torch
import torch.nn as nn

torch.manual_seed(66)
T, B, H = 7, 25, 16


class SeqClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(3, H)
        self.fc = nn.Linear(T * H, 2)

    def forward(self, x):
        out, _ = self.rnn(x.transpose(0, 1))
        flat = out.transpose(0, 1).reshape(x.size(0), -1)
        return self.fc(flat)


x = torch.randn(500, T, 3)
y = (x[:, -1, 0] > x[:, 0, 0]).long()
model = SeqClassifier()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(6):
    model.train()
    for idx in torch.randperm(400).split(B):
        loss = nn.functional.cross_entropy(model(x[idx]), y[idx])
        opt.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        opt.step()
    model.eval()
    with torch.no_grad():
        print(epoch, (model(x[400:]).argmax(1) == y[400:]).float().mean().item())

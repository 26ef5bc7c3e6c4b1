import torch
import torch.nn as nn


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(4, 24, batch_first=True)

    def forward(self, x):
        return self.rnn(x)[1][-1]


class Classifier(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder
        self.head = nn.Sequential(nn.Dropout(0.5), nn.Linear(24, 3))

    def forward(self, x):
        return self.head(self.encoder(x))


torch.manual_seed(5)
x = torch.randn(450, 9, 4)
y = x.mean(1)[:, :3].argmax(1)
enc = Encoder()
clf = Classifier(enc)
opt = torch.optim.RMSprop(clf.parameters(), lr=2e-3)
ce = nn.CrossEntropyLoss()

for epoch in range(4):
    clf.train()
    for idx in torch.randperm(360).split(36):
        opt.zero_grad()
        ce(clf(x[idx]), y[idx]).backward()
        opt.step()
    enc.eval()
    with torch.inference_mode():
        acc = clf(x[360:]).argmax(-1).eq(y[360:]).float().mean()
    print("epoch", epoch, "val", round(acc.item(), 3))

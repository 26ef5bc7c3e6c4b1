from torch import nn


class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 32), nn.ReLU())
        self.head = nn.Linear(32, classes)

    def adapt(self, classes):
        self.head = nn.Linear(self.head.in_features, classes)

    def forward(self, x):
        return self.head(self.body(x))
